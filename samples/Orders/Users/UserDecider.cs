using Tallystick.Commands;

namespace Sample.Users;

public sealed class UserDecider : Decider<UserCommand, UserEvent, User>
{
    public const string StreamCategory = "user";

    public override string Category => StreamCategory;

    public override User InitialState => User.Unknown;

    public override Decision<UserEvent> Decide(UserCommand command, User user) => command switch
    {
        RegisterUser when user.IsRegistered => Reject("user-exists", "This user is registered already."),
        RegisterUser register => Accept(new UserRegistered(register.Name.Trim(), register.Email)),
        _ => Reject("user-command", "This can't be asked of a user."),
    };

    public override User Evolve(User user, UserEvent @event) => @event switch
    {
        UserRegistered registered => new User(registered.Name, registered.Email),
        _ => user,
    };
}

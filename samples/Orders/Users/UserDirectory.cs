using Tallystick.Projections;

namespace Sample.Users;

/// <summary>A user as it is answered.</summary>
public sealed record UserView(string Id, string Name, string Email, long Version, DateTimeOffset RegisteredAt);

/// <summary>The registered users.</summary>
public sealed class UserDirectory : Projection<UserView>
{
    public UserDirectory()
        : base("users", version: 1) =>
        Create<UserRegistered>((e, at) => new UserView(at.Stream.Key, e.Name, e.Email, at.Version.Value, at.Time));
}

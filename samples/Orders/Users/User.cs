using System.Text.Json.Serialization;
using Tallystick.Commands;
using Tallystick.Events;

namespace Sample.Users;

/// <summary>A user of a tenant: a customer who can order.</summary>
public sealed record User(string? Name, string? Email)
{
    public static User Unknown { get; } = new(null, null);

    [JsonIgnore]
    public bool IsRegistered => Name is not null;
}

public abstract record UserCommand;

public sealed record RegisterUser(string Name, string Email) : UserCommand, IValidated
{
    public const int NameLengthMax = 200;
    public const int EmailLengthMax = 200;

    public IEnumerable<ValidationFailure> Validate()
    {
        if (string.IsNullOrWhiteSpace(Name) || Name.Length > NameLengthMax || Name.Any(char.IsControl))
            yield return new ValidationFailure("name", $"Use 1 to {NameLengthMax} characters, and not only blanks.");
        if (!IsEmail(Email))
            yield return new ValidationFailure("email", $"Use an e-mail address such as ann@example.com, with at most {EmailLengthMax} characters.");
    }

    /// <summary>Only what is surely no address is refused; whether there is a mailbox is known to its server alone.</summary>
    private static bool IsEmail(string text)
    {
        if (text.Length > EmailLengthMax || text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
            return false;
        return text.Split('@') is [{ Length: > 0 and <= 64 }, { Length: > 0 } domain] && !domain.StartsWith('.') && !domain.EndsWith('.')
            && !domain.Contains("..", StringComparison.Ordinal);
    }
}

public abstract record UserEvent;

[EventType("user.registered")]
public sealed record UserRegistered(string Name, string Email) : UserEvent;

using Sample.Users;
using Tallystick.Testing;

namespace Sample.Tests.Users;

public sealed class UserTests
{
    [Fact]
    public void A_name_is_stored_without_the_blanks_around_it() =>
        Specification.For<UserDecider>()
            .When(new RegisterUser("  Ann ", "ann@example.com"))
            .Then(new UserRegistered("Ann", "ann@example.com"))
            .ThenState((User user) => user.IsRegistered);

    [Fact]
    public void A_user_is_registered_once() =>
        Specification.For<UserDecider>()
            .Given(new UserRegistered("Ann", "ann@example.com"))
            .When(new RegisterUser("Ann", "ann@example.com"))
            .ThenRejected("user-exists");

    [Theory]
    [InlineData(" ", "ann@example.com", "name")]
    [InlineData("Ann", "ann", "email")]
    [InlineData("Ann", "ann@.example.com", "email")]
    [InlineData("Ann", "a n@example.com", "email")]
    public void What_is_no_name_or_address_is_refused(string name, string email, string field) =>
        Specification.For<UserDecider>()
            .When(new RegisterUser(name, email))
            .ThenInvalid(field);

    [Fact]
    public void The_directory_lists_users_with_the_time_of_their_registration() =>
        Specification.ForProjection<UserDirectory>()
            .At(new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero))
            .Given("user-ann", new UserRegistered("Ann", "ann@example.com"))
            .ThenDocuments(("ann", new UserView("ann", "Ann", "ann@example.com", 1, new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero))));
}

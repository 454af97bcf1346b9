using System.Text;
using Tallystick.Storage;
using Tallystick.Testing.Leaks;

namespace Tallystick.Tests.Testing.Leaks;

/// <summary>What a tenant's secrets are found in, and in what not.</summary>
public sealed class SecretsTests
{
    private readonly Secrets _secrets = new("kzqwmrtyab", 123_457, []);

    public static TheoryData<string, string> Written => new()
    {
        { "plainly", "{\"name\":\"kzqwmrtyabaa\"}" },
        { "in capitals", "KZQWMRTYABAA" },
        { "in base64", Convert.ToBase64String(Encoding.UTF8.GetBytes("a kzqwmrtyabaa")) },
        { "in base64, one further", Convert.ToBase64String(Encoding.UTF8.GetBytes("aa kzqwmrtyabaa!")) },
        { "in base64, two further", Convert.ToBase64String(Encoding.UTF8.GetBytes("kzqwmrtyabaa")) },
        { "in hexadecimal", Convert.ToHexString(Encoding.UTF8.GetBytes("x kzqwmrtyabaa")) },
        { "in JSON's escapes", string.Concat("kzqwmrtyab".Select(c => $"\\u{(int)c:X4}")) },
        { "in an address's escapes", string.Concat("kzqwmrtyab".Select(c => $"%{(int)c:X2}")) },
        { "as a number", "{\"pages\":123457,\"total\":1}" },
        { "as a number with a fraction", "123457.00" },
    };

    [Theory]
    [MemberData(nameof(Written))]
    public void A_secret_is_found_however_it_is_written(string how, string text) => Assert.True(_secrets.Find(text, withIds: false, _ => false) is not null, how);

    [Theory]
    [InlineData("kzqwmrtya")]
    [InlineData("2026-01-01T00:00:00.123457Z")]
    [InlineData("01a204d123457771a22a")]
    [InlineData("1234570")]
    public void What_only_looks_like_a_secret_is_none(string text) => Assert.Null(_secrets.Find(text, withIds: false, _ => false));

    [Fact]
    public void What_the_other_has_sent_itself_is_no_secret() =>
        Assert.Null(_secrets.Find("no user kzqwmrtyabaa", withIds: false, token => token == "kzqwmrtyabaa"));

    [Fact]
    public void An_id_that_was_given_to_a_tenant_is_searched_where_it_counts()
    {
        _secrets.AddId("01a204d3");

        Assert.NotNull(_secrets.Find("order 01a204d3", withIds: true, _ => false));
        Assert.Null(_secrets.Find("order 01a204d3", withIds: false, _ => false));
    }

    [Fact]
    public void Every_method_is_known_and_a_new_one_would_be_missed()
    {
        KnownMethods.Demand();

        Assert.Equal(["IStore.CommitAsync"], KnownMethods.UnknownOf(typeof(IStore), [.. typeof(IStore).GetMethods().Select(method => method.Name).Where(name => name != "CommitAsync")]));
    }
}

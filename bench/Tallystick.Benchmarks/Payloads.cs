using System.Text;
using Tallystick.Events;

namespace Tallystick.Benchmarks;

/// <summary>Events whose JSON is 200 bytes long.</summary>
internal static class Payloads
{
    public const int Bytes = 200;

    private static readonly IdGenerator Ids = new(TimeProvider.System, Entropy.System);

    public static byte[] Json(long number)
    {
        var start = $$"""{"number":{{number}},"customerId":"customer-{{number % 1000}}","currency":"EUR","amount":12.50,"note":""";
        return Encoding.UTF8.GetBytes($"{start}\"{new string('x', Bytes - start.Length - 3)}\"}}");
    }

    public static NewEvent Event(long number) => new(Ids.NewId(), "order.placed", 1, Json(number), []);
}

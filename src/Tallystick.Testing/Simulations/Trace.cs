using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Tallystick.Testing.Simulations;

/// <summary>What happened in a simulated run, in order, and a hash of all of it: two runs of one seed must have the same.</summary>
internal sealed class Trace
{
    private readonly List<string> _lines = [];
    private ulong _steps = 14695981039346656037UL;
    private TimeSpan _now;
    private DateTimeOffset _start;
    private bool _started;

    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Takes note of a scheduler's step: who ran, and how much else was ready.</summary>
    public void Step(string context, int others, DateTimeOffset now)
    {
        if (!_started)
            (_start, _started) = (now, true);
        _now = now - _start;
        _steps = Choices.Mix(unchecked(_steps ^ Choices.Hash(context) ^ (ulong)others ^ (ulong)now.UtcTicks));
    }

    public void Add(string who, string what) =>
        _lines.Add(string.Create(CultureInfo.InvariantCulture, $"{_now.TotalSeconds,9:0.000}  {who,-8}  {what}"));

    /// <summary>The first 16 hexadecimal digits of SHA-256 over all lines and steps.</summary>
    public string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var line in _lines)
            hash.AppendData(Encoding.UTF8.GetBytes(line + "\n"));
        hash.AppendData(BitConverter.GetBytes(_steps));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}

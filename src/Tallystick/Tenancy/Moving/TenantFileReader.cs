using System.Security.Cryptography;
using System.Text.Json;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Tenancy.Moving;

/// <summary>Reads the lines of a file, one at a time, and finds what isn't as it was written.</summary>
internal sealed class TenantFileReader(Stream source) : IDisposable
{
    /// <summary>A longer line is no record of ours: the largest has one document, and base64 and escapes make it a few times longer.</summary>
    private const int LineBytesMax = 256 * 1024 * 1024;

    private readonly IncrementalHash _digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;
    private long _records;
    private string _tenant = "";

    /// <summary>The number of the line that was read last, from 1.</summary>
    public long Line { get; private set; }

    /// <summary>What the last line says; null until it is read.</summary>
    public TenantFile? End { get; private set; }

    /// <summary>Reads the first line.</summary>
    /// <exception cref="InvalidDataException">It is another file, or another version's.</exception>
    public async ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        var line = await LineAsync(cancellationToken) ?? throw Damaged("the file is empty");
        try
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.GetProperty("format").GetString() != TenantFile.Format)
                throw new JsonException("its format is another");
            var version = json.RootElement.GetProperty("version").GetInt32();
            if (version is < 1 or > TenantFile.FormatVersion)
            {
                throw new InvalidDataException(
                    $"The file has version {version} of the format, but this version of Tallystick reads only up to {TenantFile.FormatVersion}: a newer one has written it. Import it with that one or a later.");
            }

            _tenant = json.RootElement.GetProperty("tenant").GetString()!;
        }
        catch (Exception error) when (RecordJson.IsDamage(error))
        {
            throw new InvalidDataException($"This is no exported tenant, since its first line doesn't say so ({error.Message}). Give a file that an export has written.", error);
        }

        _digest.AppendData(line.Span);
        _digest.AppendData("\n"u8);
    }

    /// <summary>Reads a record; null when the last line has been read, and fits.</summary>
    /// <exception cref="InvalidDataException">The file is damaged; the message says in which line and how.</exception>
    public async ValueTask<object?> ReadAsync(CancellationToken cancellationToken)
    {
        var line = await LineAsync(cancellationToken) ?? throw Damaged("the file is cut off: its last line is missing");
        try
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.TryGetProperty("end", out var end))
            {
                await EndAsync(end, cancellationToken);
                return null;
            }

            var record = RecordJson.Read(json.RootElement);
            _digest.AppendData(line.Span);
            _digest.AppendData("\n"u8);
            _records++;
            return record;
        }
        catch (Exception error) when (RecordJson.IsDamage(error))
        {
            throw Damaged(error.Message);
        }
    }

    public void Dispose() => _digest.Dispose();

    /// <summary>A failure that says where.</summary>
    public InvalidDataException Damaged(string why) =>
        new($"The exported tenant is damaged at line {Line}: {why}. Nothing of it was kept. Take another copy of the file, or export again.");

    private async ValueTask EndAsync(JsonElement end, CancellationToken cancellationToken)
    {
        var file = new TenantFile(
            _tenant, end.GetProperty("records").GetInt64(), LogPosition.Of(end.GetProperty("position").GetInt64()),
            ReadHash(end, "root"), ReadHash(end, "digest"));
        if (file.Records != _records)
            throw Damaged($"there are {_records} records, but its end says {file.Records}");
        var digest = new Hash256(_digest.GetHashAndReset());
        if (digest != file.Digest)
            throw Damaged($"the digest of what is before is {digest}, but its end says {file.Digest}");
        if (await LineAsync(cancellationToken) is not null)
            throw Damaged("something follows its end");
        End = file;
    }

    private static Hash256 ReadHash(JsonElement end, string name)
    {
        var text = end.GetProperty(name).GetString();
        var hash = Hash256.Parse(text);
        return hash.ToString() == text ? hash : throw new JsonException($"the end's {name} is '{text}', which isn't how it was written");
    }

    /// <summary>The next line without its end, valid until the next is read; null after the last.</summary>
    private async ValueTask<ReadOnlyMemory<byte>?> LineAsync(CancellationToken cancellationToken)
    {
        var searched = 0;
        while (true)
        {
            var at = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (at >= 0)
            {
                var line = _buffer.AsMemory(_start, searched + at);
                _start += searched + at + 1;
                Line++;
                return line;
            }

            searched = _end - _start;
            if (searched > LineBytesMax)
                throw Damaged($"line {Line + 1} is longer than {LineBytesMax} bytes");
            if (await FillAsync(cancellationToken))
                continue;
            if (searched == 0)
                return null;
            Line++;
            throw Damaged("the file is cut off in the middle of a line");
        }
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        var read = await source.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += read;
        return read > 0;
    }
}

using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Tenancy.Moving;

/// <summary>Writes the lines of a file; no more than a few of them are in memory.</summary>
internal sealed class TenantFileWriter(Stream destination, TenantId tenant) : IDisposable
{
    private const int BufferBytes = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _buffer = new(BufferBytes);
    private readonly IncrementalHash _digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private Utf8JsonWriter? _json;
    private long _records;

    public async ValueTask BeginAsync(CancellationToken cancellationToken) => await LineAsync(
        json =>
        {
            json.WriteStartObject();
            json.WriteString("format", TenantFile.Format);
            json.WriteNumber("version", TenantFile.FormatVersion);
            json.WriteString("tenant", tenant.Value);
            json.WriteEndObject();
        },
        cancellationToken);

    public ValueTask AddAsync(RecordedEvent e, CancellationToken cancellationToken) => RecordAsync(json => RecordJson.Write(json, e), cancellationToken);

    public ValueTask AddAsync(DocumentChange change, CancellationToken cancellationToken) => RecordAsync(json => RecordJson.Write(json, change), cancellationToken);

    public ValueTask AddAsync(CheckpointChange change, CancellationToken cancellationToken) => RecordAsync(json => RecordJson.Write(json, change), cancellationToken);

    public ValueTask AddAsync(RememberedCommit remembered, CancellationToken cancellationToken) =>
        RecordAsync(json => RecordJson.Write(json, remembered), cancellationToken);

    public async ValueTask<TenantFile> EndAsync(LogPosition position, Hash256 root, CancellationToken cancellationToken)
    {
        await WriteAsync(cancellationToken);
        var file = new TenantFile(tenant.Value, _records, position, root, new Hash256(_digest.GetHashAndReset()));
        await LineAsync(
            json =>
            {
                json.WriteStartObject();
                json.WriteStartObject("end");
                json.WriteNumber("records", file.Records);
                json.WriteNumber("position", file.Position.Value);
                json.WriteString("root", file.Root.ToString());
                json.WriteString("digest", file.Digest.ToString());
                json.WriteEndObject();
                json.WriteEndObject();
            },
            cancellationToken);
        await WriteAsync(cancellationToken);
        await destination.FlushAsync(cancellationToken);
        return file;
    }

    public void Dispose()
    {
        _digest.Dispose();
        _json?.Dispose();
    }

    private ValueTask RecordAsync(Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        _records++;
        return LineAsync(write, cancellationToken);
    }

    private async ValueTask LineAsync(Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        if (_json is null)
            _json = new Utf8JsonWriter(_buffer, RecordJson.WriterOptions);
        else
            _json.Reset(_buffer);
        write(_json);
        _json.Flush();
        _buffer.Write("\n"u8);
        if (_buffer.WrittenCount >= BufferBytes)
            await WriteAsync(cancellationToken);
    }

    private async ValueTask WriteAsync(CancellationToken cancellationToken)
    {
        _digest.AppendData(_buffer.WrittenSpan);
        await destination.WriteAsync(_buffer.WrittenMemory, cancellationToken);
        _buffer.ResetWrittenCount();
    }
}

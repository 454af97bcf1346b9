using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using Tallystick.Audit;

namespace Tallystick.Tests.Audit;

/// <summary>The vectors of transparency-dev/merkle (its <c>testdata</c>), where they are at hand: see <see cref="SharedData"/>.</summary>
public sealed class MerkleVectorTests
{
    private const int FilesAtLeast = 50;

    [Fact]
    public void Inclusion_proofs_are_judged_as_transparency_dev_judges_them() => JudgeAll("inclusion", vector =>
    {
        // A leaf or a root of another length is stopped before the proof is looked at: Hash256 holds none.
        return HashOf(vector, "leafHash") is { } leaf
            && HashOf(vector, "root") is { } root
            && PathOf(vector) is { } path
            && new InclusionProof(SizeOf(vector, "leafIdx"), SizeOf(vector, "treeSize"), path).Verify(in leaf, in root);
    });

    [Fact]
    public void Consistency_proofs_are_judged_as_transparency_dev_judges_them() => JudgeAll("consistency", vector =>
    {
        // Here, roots of another length are placeholders ("don't care 1"), one of them in a vector that must pass. What counts is only
        // which are equal, so their SHA-256 stands for them.
        var root1 = HashOf(vector, "root1") ?? StandInFor(vector.GetProperty("root1"));
        var root2 = HashOf(vector, "root2") ?? StandInFor(vector.GetProperty("root2"));
        return PathOf(vector) is { } path
            && new ConsistencyProof(SizeOf(vector, "size1"), SizeOf(vector, "size2"), path).Verify(in root1, in root2);
    });

    private static void JudgeAll(string folder, Func<JsonElement, bool> verify)
    {
        var path = Path.Combine(SharedData.FolderOrSkip("merkle"), folder);
        var files = Directory.GetFiles(path, "*.json", SearchOption.AllDirectories);
        var disagreeing = new List<string>();
        var accepted = 0;
        foreach (var file in files.Order(StringComparer.Ordinal))
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            var verified = verify(document.RootElement);
            accepted += verified ? 1 : 0;
            if (verified == document.RootElement.GetProperty("wantErr").GetBoolean())
                disagreeing.Add($"{Path.GetRelativePath(path, file)}: {(verified ? "accepted" : "refused")}");
        }

        Assert.True(disagreeing.Count == 0, $"{disagreeing.Count} of {files.Length} disagree:\n{string.Join('\n', disagreeing)}");
        Assert.True(files.Length >= FilesAtLeast, $"Only {files.Length} vectors in {path}.");
        Assert.InRange(accepted, 1, files.Length - 1);
    }

    // 2^64 - 1 becomes -1 and so on: what doesn't fit must be refused as well.
    private static long SizeOf(JsonElement vector, string name) => unchecked((long)vector.GetProperty(name).GetUInt64());

    private static Hash256? HashOf(JsonElement vector, string name) => HashOf(vector.GetProperty(name));

    private static Hash256? HashOf(JsonElement hash) => BytesOf(hash) is { Length: Hash256.ByteLength } bytes ? new Hash256(bytes) : null;

    // Go writes an absent slice as null.
    private static byte[] BytesOf(JsonElement base64) => base64.ValueKind == JsonValueKind.Null ? [] : base64.GetBytesFromBase64();

    private static Hash256 StandInFor(JsonElement placeholder) => new(SHA256.HashData(BytesOf(placeholder)));

    private static ImmutableArray<Hash256>? PathOf(JsonElement vector)
    {
        var proof = vector.GetProperty("proof");
        if (proof.ValueKind == JsonValueKind.Null)
            return [];

        var path = proof.EnumerateArray().Select(HashOf).ToList();
        return path.TrueForAll(hash => hash is not null) ? [.. path.Select(hash => hash!.Value)] : null;
    }
}

using Tallystick.Sqlite.Index;
using Tallystick.Sqlite.Interop;
using Tallystick.Sqlite.Reading;

namespace Tallystick.Sqlite.Writing;

/// <summary>
/// Adds the tail to the stored index in one transaction: a chunk for each list, in the index's own order, and the heads of the tenants.
/// So an index page is written once for thousands of events instead of once for each commit.
/// </summary>
internal sealed class IndexFlush(SqliteDatabase database, TailIndex tail, TenantHeads heads)
{
    private readonly TenantRecords _tenants = new(database);

    public void Run()
    {
        if (tail.Count == 0)
            return;
        database.Statement("BEGIN IMMEDIATE").Run();
        try
        {
            var numbers = new HashSet<int>();
            foreach (var (key, term, first, seqs) in tail.Lists())
            {
                var last = key.IsCounted ? first + seqs.Length - 1 : seqs.Span[^1];
                database.Statement("INSERT INTO chunks VALUES(?1, ?2, ?3, ?4, ?5)")
                    .Bind(1, key.Tenant).Bind(2, term).Bind(3, first).Bind(4, last).Bind(5, SeqRuns.Encode(seqs.Span)).Run();
                numbers.Add(key.Tenant);
            }

            foreach (var number in numbers)
            {
                var stored = _tenants.Find(number) ?? throw new TallystickException($"{database.Path} is damaged: tenant number {number} is missing.");
                _tenants.Save(heads.Find(stored.Id, _tenants)!);
            }

            database.Statement("UPDATE state SET indexed=?1").Bind(1, tail.LastSeq).Run();
            database.Statement("COMMIT").Run();
        }
        catch
        {
            if (!database.IsAutocommit)
                database.Run("ROLLBACK");
            throw;
        }

        tail.Clear();
    }
}

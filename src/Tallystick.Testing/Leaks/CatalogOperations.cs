using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Leaks;

/// <summary>Every method of the catalog of tenants, for the tenant.</summary>
internal static class CatalogOperations
{
    private const int PageLength = 100;
    private const string Nowhere = "nowhere";

    public static IEnumerable<LeakOperation> All(IServiceProvider services)
    {
        var tenants = services.GetRequiredService<Tenants>();
        yield return new LeakOperation("Tenants.FindAsync", IsRead: true, async (twin, _, cancellationToken) =>
            await tenants.FindAsync(twin.Id, cancellationToken) is TenantLookup.Found { Tenant.Id: var id } ? $"found {id}" : "not found");
        yield return new LeakOperation("Tenants.GetAsync", IsRead: true, async (twin, _, cancellationToken) => $"{(await tenants.GetAsync(twin.Id, cancellationToken)).Id}");
        yield return new LeakOperation("Tenants.ListAsync", IsRead: true, async (_, _, cancellationToken) =>
        {
            // The list is for operators: it names every tenant, and holds nothing of any.
            var text = "";
            for (var (after, page) = (LogPosition.Start, default(TenantPage)); page is null || page.Through > after;)
            {
                after = page?.Through ?? after;
                page = await tenants.ListAsync(after, PageLength, cancellationToken);
                text += ResultText.Of(page.Items.Select(item => (item.Id, item.Position, item.Status)));
            }

            return text;
        });
        yield return new LeakOperation("Tenants.EnsureAsync", IsRead: false, async (twin, _, cancellationToken) =>
        {
            await tenants.EnsureAsync(twin.Id, twin.Secrets.Text("name"), cancellationToken);
            return "ensured";
        });
        foreach (var (name, command) in ((string, Func<Twin, TenantCommand>)[])
        [
            ("creates", twin => new TenantCommand.Create(twin.Secrets.Text("name"))), ("suspends", twin => new TenantCommand.Suspend(twin.Secrets.Text("reason"))),
            ("resumes", _ => new TenantCommand.Resume()),
        ])
        {
            yield return new LeakOperation($"Tenants.ExecuteAsync that {name}", IsRead: false, async (twin, _, cancellationToken) =>
                ResultText.Of(await tenants.ExecuteAsync(twin.Id, command(twin), null, cancellationToken)));
        }

        yield return new LeakOperation("Tenants.DescribeAsync", IsRead: true, async (twin, _, cancellationToken) =>
            ResultText.Of(await tenants.DescribeAsync(twin.Id, cancellationToken)));
        yield return new LeakOperation("Tenants.DeleteAsync, and restored", IsRead: false, async (twin, _, cancellationToken) =>
            ResultText.Of(await tenants.DeleteAsync(twin.Id, twin.Secrets.Text("reason"), null, null, cancellationToken))
            + ResultText.Of(await tenants.ExecuteAsync(twin.Id, new TenantCommand.Restore(), null, cancellationToken)));
        yield return new LeakOperation("Tenants.ExecuteAsync of a move to nowhere, confirmed, undone and abandoned", IsRead: false, async (twin, _, cancellationToken) =>
        {
            var text = "";
            foreach (var command in (TenantCommand[])[
                new TenantCommand.BeginMove(new Placement.Shared(Nowhere)), new TenantCommand.ConfirmMove(), new TenantCommand.UndoMove(), new TenantCommand.AbandonMove()])
                text += ResultText.Of(await tenants.ExecuteAsync(twin.Id, command, null, cancellationToken));
            return text;
        });
        yield return new LeakOperation("Tenants.ExportAsync and ImportAsync of the file over the tenant", IsRead: false, async (twin, _, cancellationToken) =>
        {
            using var file = new MemoryStream();
            var exported = ResultText.Of(await tenants.ExportAsync(twin.Id, file, null, cancellationToken));
            file.Position = 0;
            return exported + Encoding.UTF8.GetString(file.ToArray())
                + ResultText.Of(await tenants.ImportAsync(twin.Id, twin.Secrets.Text("name"), file, null, null, cancellationToken));
        });
        yield return new LeakOperation("Tenants.ExecuteAsync for no tenant", IsRead: false, async (_, _, cancellationToken) =>
            ResultText.Of(await tenants.ExecuteAsync(default, new TenantCommand.Suspend("everyone"), null, cancellationToken)));
        yield return new LeakOperation("Tenants.FindAsync of no tenant", IsRead: true, async (_, _, cancellationToken) => $"{(await tenants.FindAsync(default, cancellationToken)).GetType().Name}");
    }
}

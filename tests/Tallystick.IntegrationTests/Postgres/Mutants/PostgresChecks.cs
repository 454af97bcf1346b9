using Tallystick.IntegrationTests.Linearizability;

namespace Tallystick.IntegrationTests.Postgres.Mutants;

/// <summary>
/// The checks that the shared store passes, to be called inside of a <see cref="PostgresMutantContext"/>; only texts and numbers pass its border.
/// </summary>
public static class PostgresChecks
{
    public const string LostNotifications = "lost notifications";
    public const string ForgedNotifications = "forged notifications";
    public const string LostAnswers = "lost answers";
    public const string LateArrivals = "late arrivals";
    public const string GivenUp = "given up";
    public const string TwoNodes = "two nodes";

    public static IReadOnlyList<string> All { get; } = [LostNotifications, ForgedNotifications, LostAnswers, LateArrivals, GivenUp, TwoNodes];

    /// <summary>Runs a check against a schema that nobody has used; what it found, or null.</summary>
    /// <param name="check">Which.</param>
    /// <param name="host">Where the server is.</param>
    /// <param name="port">Its port.</param>
    /// <param name="schema">The schema.</param>
    /// <param name="seed">For what is drawn.</param>
    /// <param name="patience">How long to wait for what may never come, in seconds.</param>
    public static async Task<string?> RunAsync(string check, string host, int port, string schema, int seed, int patience)
    {
        var stop = TestContext.Current.CancellationToken;
        var fresh = new PostgresSchema(PostgresServer.At(host, port), schema);
        try
        {
            switch (check)
            {
                case LostNotifications:
                    await Notifications.LoseAsync(fresh, TimeSpan.FromSeconds(patience), stop);
                    break;
                case ForgedNotifications:
                    await Notifications.ForgeAsync(fresh, TimeSpan.FromSeconds(patience), stop);
                    break;
                case LostAnswers:
                    await LostConnections.CutAtEachMessageAsync(fresh, Sender.Server, late: false, stop);
                    break;
                case LateArrivals:
                    await LostConnections.CutAtEachMessageAsync(fresh, Sender.Client, late: true, stop);
                    break;
                case GivenUp:
                    await LostConnections.LoseAllAtEachMessageAsync(fresh, stop);
                    break;
                default:
                    (await LossyNodes.RecordAsync(fresh, seed, Flaw.None, stop)).History.Check(new TenantModel(), cancellationToken: stop).Demand();
                    break;
            }

            return null;
        }
        catch (Exception found) when (!stop.IsCancellationRequested)
        {
            return found.ToString();
        }
    }
}

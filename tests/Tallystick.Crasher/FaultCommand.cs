using System.Globalization;

namespace Tallystick.Crasher;

/// <summary>
/// Runs one small workload after the other, as its input asks for them (a line <c>workload TAB path TAB limit</c>), on its first thread, so
/// that a tracer can be attached to just the thread that matters. Faults come from outside; a process that meets them lives on.
/// </summary>
internal static class FaultCommand
{
    public static int Run()
    {
        while (Console.In.ReadLine() is { } line)
        {
            var parts = line.Split('\t');
            var (run, path) = (new FaultWorkload(parts[1]), parts[1]);
            switch (parts[0])
            {
                case "caller":
                    run.OnCallersThread();
                    break;
                case "writer":
                    run.OnWritersThread();
                    break;
                case "leave":
                    run.LeaveOpen();
                    break;
                case "limit":
                    run.WithLimit(long.Parse(parts[2], CultureInfo.InvariantCulture));
                    break;
                default:
                    throw new ArgumentException($"Unknown workload for {path}: {parts[0]}");
            }

            Console.Out.WriteLine("done");
        }

        return 0;
    }
}

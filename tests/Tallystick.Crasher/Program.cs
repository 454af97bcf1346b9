using System.Globalization;
using Tallystick.Crasher;

// The child process of the durability tests. Its parent reads what it prints line by line, and kills it.
return args switch
{
    ["load", var path, var seed, var tailEventsMax, var checkpointPages] =>
        await new Load(path, Number(seed), Number(tailEventsMax), Number(checkpointPages)).RunAsync(),
    ["hold", var path] => await HoldCommand.RunAsync(path),
    ["full", var path, var bytes] => await FullDiskCommand.RunAsync(path, Number(bytes)),
    ["faults"] => FaultCommand.Run(),
    ["open", var path] => await OpenCommand.RunAsync(path),
    _ => throw new ArgumentException($"Unknown command: {string.Join(' ', args)}"),
};

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

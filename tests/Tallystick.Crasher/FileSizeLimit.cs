using System.Runtime.InteropServices;

namespace Tallystick.Crasher;

/// <summary>
/// No file of this process may grow beyond a size (RLIMIT_FSIZE, with its signal ignored) until this is disposed. A write across the
/// limit is a short one, down to the byte, and the next fails with EFBIG.
/// </summary>
internal sealed class FileSizeLimit : IDisposable
{
    private const int FileSize = 1, FileSizeSignal = 25, Ignore = 1;

    private readonly Limits _before;

    private FileSizeLimit(Limits before) => _before = before;

    public static FileSizeLimit Set(long bytes)
    {
        signal(FileSizeSignal, Ignore);
        Demand(getrlimit(FileSize, out var before));
        Demand(setrlimit(FileSize, before with { Soft = (ulong)bytes }));
        return new FileSizeLimit(before);
    }

    public void Dispose() => Demand(setrlimit(FileSize, _before));

    private static void Demand(int result)
    {
        if (result != 0)
            throw new InvalidOperationException($"The limit can't be changed: error {Marshal.GetLastPInvokeError()}.");
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint signal(int number, nint handler);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int getrlimit(int resource, out Limits limits);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int setrlimit(int resource, in Limits limits);

    private struct Limits
    {
        public ulong Soft;
        public ulong Hard;
    }
}

using System.Runtime.InteropServices;

namespace Tallystick.Sqlite.Interop;

/// <summary>
/// Makes the names in a folder durable. A synced file can still be lost when the power fails, if its name was never synced; and while
/// SQLite syncs a folder for a new file, it ignores the errors of that.
/// </summary>
internal static partial class FolderSync
{
    private const int NotPermitted = 1, Interrupted = 4, AccessDenied = 13, InvalidArgument = 22, ReadOnlyFileSystem = 30;

    /// <summary>Syncs the folder of a file.</summary>
    /// <exception cref="TallystickException">The disk failed.</exception>
    public static void Of(string path) => Sync(Path.GetDirectoryName(path), path);

    /// <summary>Syncs all folders on the way to the folder of a file, any of which may be new.</summary>
    /// <exception cref="TallystickException">The disk failed.</exception>
    public static void Above(string path)
    {
        var folder = Path.GetDirectoryName(path);
        while (folder is not null)
            Sync(folder = Path.GetDirectoryName(folder), path);
    }

    private static void Sync(string? folder, string path)
    {
        // Windows makes names durable with the files.
        if (folder is null || OperatingSystem.IsWindows())
            return;
        var handle = open(folder, 0);
        try
        {
            int error;
            do
            {
                error = handle >= 0 && fsync(handle) == 0 ? 0 : Marshal.GetLastPInvokeError();
            }
            while (error == Interrupted && handle >= 0);

            // A folder that may be used but not listed, or that isn't on a disk, can't be synced, and fails at nothing else.
            if (error is not (0 or NotPermitted or AccessDenied or InvalidArgument or ReadOnlyFileSystem))
            {
                throw new TallystickException(
                    $"{path} can't be opened, since its folder {folder} can't be synced: {Marshal.GetPInvokeErrorMessage(error)}. New names in it might not outlive a power failure. Check the disk, then open the store again.");
            }
        }
        finally
        {
            if (handle >= 0)
                _ = close(handle);
        }
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int fsync(int handle);

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int close(int handle);
}

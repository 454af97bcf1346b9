using System.Globalization;

namespace Tallystick.Sqlite.Interop;

/// <summary>
/// The exclusive right to a database file: one process owns a file at a time, since one connection alone may write and checkpoint. The
/// lock belongs to an open file handle, so the operating system frees it when a process dies, however it dies.
/// </summary>
internal sealed class OwnerLock : IDisposable
{
    private readonly FileStream _file;

    private OwnerLock(FileStream file) => _file = file;

    /// <exception cref="TallystickException">Another process, or another store in this one, owns the file.</exception>
    public static OwnerLock Take(string databasePath)
    {
        var path = databasePath + ".lock";
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (IsHeld(error))
        {
            throw new TallystickException(
                $"{databasePath} is owned by {ReadOwner(databasePath)}. Close it there first, or use another file: one process owns a file at a time.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, error);
        }

        try
        {
            if (CanBeTakenTwice(path))
            {
                throw new TallystickException(
                    $"{path} can't be locked, so that nothing would keep two processes from owning {databasePath}. Put it on a local disk, and don't disable .NET's file locking.");
            }

            WriteOwner(databasePath);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        return new OwnerLock(file);
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Whether locks have no effect here: some network file systems have none, and a setting switches them off.</summary>
    private static bool CanBeTakenTwice(string path)
    {
        try
        {
            using var again = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return true;
        }
        catch (IOException error) when (IsHeld(error))
        {
            return false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, error);
        }
    }

    private static TallystickException Unusable(string path, Exception error) =>
        new($"{path} can't be made or written: {error.Message} Check the permissions of the folder, the space on the disk, and the disk itself.", error);

    /// <summary>Whether the file is locked: a sharing violation on Windows, EAGAIN of flock on Linux and macOS.</summary>
    private static bool IsHeld(IOException error) => error.HResult is unchecked((int)0x80070020) or 11 or 35;

    /// <summary>The owner's number has a file of its own, since not even a reader gets into the one that is locked.</summary>
    private static string PidPath(string databasePath) => databasePath + ".pid";

    private static void WriteOwner(string databasePath)
    {
        try
        {
            File.WriteAllText(PidPath(databasePath), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            // The number is for a message only; on a full disk the store must still open. (.NET takes EFBIG for a bad argument.)
        }
    }

    private static string ReadOwner(string databasePath)
    {
        try
        {
            return !int.TryParse(File.ReadAllText(PidPath(databasePath)), CultureInfo.InvariantCulture, out var pid) ? "another process"
                : pid == Environment.ProcessId ? $"process {pid}, which is this one (unless it runs in another container)"
                : $"process {pid}";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "another process"; // Only the message would have been better; the refusal stands.
        }
    }
}

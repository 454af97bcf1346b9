using Tallystick.Sqlite.Interop;

namespace Tallystick.Sqlite.Schema;

/// <summary>Removes a database with everything that stands beside it.</summary>
internal static class DatabaseRemoval
{
    /// <summary>The write-ahead log and its index go first: a file without its log is whole, but a log without its file is not.</summary>
    private static readonly string[] Beside = ["-wal", "-shm", "-journal", "", ".pid"];

    /// <exception cref="TallystickException">A file can't be removed, or somebody uses the database.</exception>
    public static void Remove(string path)
    {
        path = Path.GetFullPath(path);
        if (!Directory.Exists(Path.GetDirectoryName(path)))
            return;
        // Held as long as there is a file that somebody could open.
        using (OwnerLock.Take(path))
        {
            foreach (var ending in Beside)
                Delete(path + ending);
        }

        Delete(path + ".lock");
        FolderSync.Of(path);
    }

    private static void Delete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TallystickException($"{file} can't be removed: {error.Message} Check the permissions of the folder.", error);
        }
    }
}

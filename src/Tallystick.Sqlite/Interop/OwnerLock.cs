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
        catch (IOException error) when (error is not DirectoryNotFoundException and not FileNotFoundException)
        {
            throw new TallystickException(
                $"{databasePath} is owned by another process{ReadOwner(path)}. Stop that one first, or use another file: one process owns a file at a time.", error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new TallystickException($"{path} can't be written. Check the permissions of the folder.", error);
        }

        file.SetLength(0);
        file.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        file.Flush();
        return new OwnerLock(file);
    }

    public void Dispose() => _file.Dispose();

    private static string ReadOwner(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file);
            return int.TryParse(reader.ReadToEnd(), CultureInfo.InvariantCulture, out var pid) ? $" (process {pid})" : "";
        }
        catch (IOException)
        {
            return ""; // Only the message would have been better; the refusal stands.
        }
    }
}

namespace Tallystick.Sqlite.Schema;

/// <summary>Where a database file really is.</summary>
internal static class DatabasePath
{
    /// <summary>
    /// The full path, with its folder made if it isn't there. A link is followed to the file itself, so that two names of one file can't
    /// have two owners.
    /// </summary>
    /// <exception cref="TallystickException">There can't be a database file at this path.</exception>
    public static string Prepare(string path)
    {
        path = Path.GetFullPath(path);
        try
        {
            if (new FileInfo(path) is { LinkTarget: not null } link)
                path = link.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
            if (Directory.Exists(path) || Path.GetDirectoryName(path) is not { } folder)
                throw new TallystickException($"{path} is a folder. Give the path of a file in it.");
            Directory.CreateDirectory(folder);
            return path;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TallystickException(
                $"{path} can't be opened, since its folder isn't there and can't be made: {error.Message} Check the path and the permissions.", error);
        }
    }
}

namespace Tallystick.Postgres.Reading;

/// <summary>What is stored contradicts itself.</summary>
internal static class Damage
{
    public static TallystickException At(string what, Exception? cause = null) =>
        new($"The database is damaged: {what}. Restore it from a backup.", cause);
}

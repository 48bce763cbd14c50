namespace Petrel.Simulation.Network;

/// <summary>On whose behalf the server does what it is doing. For those who tell what happens; programs must not see it.</summary>
internal static class RequestOrigin
{
    private static readonly AsyncLocal<string?> Caller = new();

    /// <summary>The caller's process; null for what the server does by itself.</summary>
    public static string? Current
    {
        get => Caller.Value;
        set => Caller.Value = value;
    }
}

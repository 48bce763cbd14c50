namespace Petrel.Simulation.Network;

/// <summary>The caller whose request the server is working on. It is for observers; programs must not use it.</summary>
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

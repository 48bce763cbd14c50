namespace Petrel.Cli.Output;

/// <summary>The progress lines of <c>petrel up</c>. Each has the time since the start.</summary>
internal static class Progress
{
    private static long _start = TimeProvider.System.GetTimestamp();

    /// <summary>Sets the start time of the progress lines.</summary>
    public static void Begin() => _start = TimeProvider.System.GetTimestamp();

    public static void Say(string what) =>
        SafeOutput.Standard.WriteLine($"[{TimeProvider.System.GetElapsedTime(_start).TotalSeconds, 6:0.00} s] {what}");
}

namespace Petrel.Cli.Output;

/// <summary>The lines that <c>petrel up</c> prints, each with the time since the start.</summary>
internal static class Progress
{
    private static readonly long Start = TimeProvider.System.GetTimestamp();

    public static void Say(string what) =>
        Console.WriteLine($"[{TimeProvider.System.GetElapsedTime(Start).TotalSeconds, 6:0.00} s] {what}");
}

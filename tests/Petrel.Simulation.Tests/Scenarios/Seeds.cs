using Petrel.Simulation.Runs;

namespace Petrel.Simulation.Tests.Scenarios;

internal static class Seeds
{
    /// <summary>1 to <paramref name="last"/>.</summary>
    public static IEnumerable<ulong> To(int last) => Enumerable.Range(1, last).Select(seed => (ulong)seed);
}

internal static class Show
{
    public static string Violation(SimulationResult result) =>
        result.Violation is { } violation
            ? $"{violation}\n{violation.Finding.Exception}\n{string.Join('\n', violation.LastLines)}"
            : "passed";
}

namespace Petrel.Faults.Definitions;

/// <summary>Requests are executed twice. The caller gets either the first or the second response.</summary>
public static class Duplication
{
    private const double Worst = 0.2;

    public static FaultDefinition Definition { get; } =
        LinkImpairment.Define("duplication", weight: 2, static draw =>
            new(new() { Link = new() { Duplication = draw.UpTo(Worst) } }, Duration: draw.Outage())
        );
}

namespace Petrel.Faults.Definitions;

/// <summary>The link between one process and the server is slow.</summary>
public static class SlowLink
{
    // The delay in each direction.
    private static readonly TimeSpan Slowest = TimeSpan.FromSeconds(3);

    public static FaultDefinition Definition { get; } = LinkImpairment.Define("slow-link", weight: 2, Draw);

    private static DrawnFault<LinkImpairment> Draw(FaultDraw draw)
    {
        var process = draw.Client();
        var delay = draw.UpTo(Slowest);
        return new(
            new()
            {
                Link = new() { MinDelay = delay / 2, MaxDelay = delay },
            },
            process,
            draw.Outage()
        );
    }
}

using Petrel.Faults.Links;

namespace Petrel.Faults.Definitions;

/// <summary>The messages of all processes are delayed and lost, responses are lost, and streams are cut.</summary>
public static class NetworkDegradation
{
    private static readonly LinkConditions Worst = new()
    {
        MinDelay = TimeSpan.FromMilliseconds(5),
        MaxDelay = TimeSpan.FromSeconds(1),
        RequestLoss = 0.10,
        AnswerLoss = 0.10,
        StreamCut = 0.05,
    };

    public static FaultDefinition Definition { get; } =
        LinkImpairment.Define("network-degradation", weight: 6, Draw) with
        {
            FormerNames = ["weather"],
        };

    private static DrawnFault<LinkImpairment> Draw(FaultDraw draw)
    {
        var link = Worst with
        {
            MaxDelay = Worst.MinDelay + draw.UpTo(Worst.MaxDelay - Worst.MinDelay),
            RequestLoss = draw.UpTo(Worst.RequestLoss),
            AnswerLoss = draw.UpTo(Worst.AnswerLoss),
            StreamCut = draw.UpTo(Worst.StreamCut),
        };
        return new(new() { Link = link }, Duration: draw.Outage());
    }
}

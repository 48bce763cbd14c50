using Petrel.Faults.Capabilities;

namespace Petrel.Faults.Definitions;

/// <summary>A node can't pull images.</summary>
public static class ImagePullFailure
{
    public static FaultDefinition Definition { get; } =
        new FaultDefinition<ICanFailImagePulls, NoParameters>
        {
            Name = "image-pull-failure",
            Weight = 2,
            NeedsNode = true,
            Draw = static draw => new(new(), draw.Node(), draw.Outage()),
            Strike = static (cluster, fault, stop) => fault.DuringAsync(cluster.FailImagePullsAsync(fault.Target, stop), stop),
            Describe = static (who, _) => $"{who} can't pull images",
        };
}

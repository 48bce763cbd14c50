using Petrel.Model.Selectors;

namespace Petrel.Controllers.Autoscaling;

/// <summary>What the controller remembers of an autoscaler between syncs.</summary>
internal sealed class AutoscalerState
{
    /// <summary>Recent recommendations and changes.</summary>
    public ScalingHistory History { get; } = new();

    /// <summary>The selector of its target's pods at the last sync; null before the first.</summary>
    public TargetSelector? Selector { get; set; }

    /// <summary>A selector with the text that it was read from.</summary>
    internal sealed record TargetSelector(string Text, LabelSelector Selector);
}

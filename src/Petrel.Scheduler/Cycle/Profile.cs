using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Cycle;

/// <summary>The plugins of a profile by extension point, in the order in which they are asked.</summary>
internal sealed class Profile
{
    /// <param name="name">The <c>spec.schedulerName</c> of its pods.</param>
    /// <param name="plugins">The plugins in the order in which they are asked, each with its weight as a score; 0 for no score.</param>
    public Profile(string name, IReadOnlyList<(IPlugin Plugin, int Weight)> plugins)
    {
        Name = name;
        Plugins = [.. plugins.Select(p => p.Plugin)];
        Filters = [.. Plugins.OfType<IFilterPlugin>()];
        Scores = [.. from p in plugins where p.Plugin is IScorePlugin && p.Weight > 0 select ((IScorePlugin)p.Plugin, p.Weight)];
        PreEnqueue = [.. Plugins.OfType<IPreEnqueuePlugin>()];
        PostFilter = [.. Plugins.OfType<IPostFilterPlugin>()];
        Reserve = [.. Plugins.OfType<IReservePlugin>()];
        Permit = [.. Plugins.OfType<IPermitPlugin>()];
        PreBind = [.. Plugins.OfType<IPreBindPlugin>()];
    }

    /// <summary>The <c>spec.schedulerName</c> of its pods.</summary>
    public string Name { get; }

    public IReadOnlyList<IPlugin> Plugins { get; }

    public IFilterPlugin[] Filters { get; }

    public (IScorePlugin Plugin, int Weight)[] Scores { get; }

    public IPreEnqueuePlugin[] PreEnqueue { get; }

    public IPostFilterPlugin[] PostFilter { get; }

    public IReservePlugin[] Reserve { get; }

    public IPermitPlugin[] Permit { get; }

    public IPreBindPlugin[] PreBind { get; }
}

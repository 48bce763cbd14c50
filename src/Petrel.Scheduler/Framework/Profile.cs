namespace Petrel.Scheduler.Framework;

/// <summary>A profile's plugins by what they do, in the order in which they are asked.</summary>
internal sealed class Profile
{
    private Profile(ProfileSettings settings, IReadOnlyList<(PluginEntry Entry, IPlugin Plugin)> plugins)
    {
        Settings = settings;
        Plugins = [.. plugins.Select(p => p.Plugin)];
        Filters = [.. Plugins.OfType<IFilterPlugin>()];
        Scores =
        [
            .. from p in plugins
            where p.Plugin is IScorePlugin && !settings.DisabledScores.Contains(p.Entry.Name)
            select ((IScorePlugin)p.Plugin, settings.Weights.TryGetValue(p.Entry.Name, out var weight) ? weight : p.Entry.Weight),
        ];
        PreEnqueue = [.. Plugins.OfType<IPreEnqueuePlugin>()];
        PostFilter = [.. Plugins.OfType<IPostFilterPlugin>()];
        Reserve = [.. Plugins.OfType<IReservePlugin>()];
        Permit = [.. Plugins.OfType<IPermitPlugin>()];
        PreBind = [.. Plugins.OfType<IPreBindPlugin>()];
    }

    public ProfileSettings Settings { get; }

    public string Name => Settings.SchedulerName;

    public IReadOnlyList<IPlugin> Plugins { get; }

    public IFilterPlugin[] Filters { get; }

    public (IScorePlugin Plugin, int Weight)[] Scores { get; }

    public IPreEnqueuePlugin[] PreEnqueue { get; }

    public IPostFilterPlugin[] PostFilter { get; }

    public IReservePlugin[] Reserve { get; }

    public IPermitPlugin[] Permit { get; }

    public IPreBindPlugin[] PreBind { get; }

    /// <exception cref="ArgumentException">The settings name a plugin that there isn't, or a weight below 1.</exception>
    public static Profile Create(PluginContext context, IReadOnlyList<PluginEntry>? registry = null)
    {
        registry ??= PluginRegistry.BuiltIn;
        var settings = context.Settings;
        var known = registry.Select(e => e.Name).ToHashSet(StringComparer.Ordinal);
        var named = settings.Enabled.Concat(settings.Disabled).Concat(settings.DisabledScores).Concat(settings.Weights.Keys);
        if (named.FirstOrDefault(n => n != "*" && !known.Contains(n)) is { } unknown)
        {
            throw new ArgumentException(
                $"profile {settings.SchedulerName}: there is no plugin {unknown}; there are "
                    + $"{string.Join(", ", registry.Select(e => e.Name))}"
            );
        }
        if (settings.Weights.FirstOrDefault(w => w.Value < 1) is { Key: { } light })
        {
            throw new ArgumentException(
                $"profile {settings.SchedulerName}: the weight of {light} must be at least 1; to switch it off, disable it"
            );
        }
        return new(
            settings,
            [.. from entry in registry where IsOn(entry, settings) from part in entry.Parts select (entry, part(context))]
        );
    }

    private static bool IsOn(PluginEntry entry, ProfileSettings settings) =>
        settings.Enabled.Contains(entry.Name)
        || (entry.OnByDefault && !settings.Disabled.Contains(entry.Name) && !settings.Disabled.Contains("*"));
}

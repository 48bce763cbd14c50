using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Settings;

namespace Petrel.Scheduler.Composition;

/// <summary>Makes profiles from settings.</summary>
internal static class ProfileFactory
{
    /// <summary>Makes the plugins that the settings enable.</summary>
    /// <param name="context">What plugins are made from, with the settings of the profile.</param>
    /// <param name="registry">The plugins that there are; null for the built-in ones.</param>
    /// <exception cref="ArgumentException">The settings name an unknown plugin, or a weight below 1.</exception>
    public static Profile Create(PluginContext context, IReadOnlyList<PluginEntry>? registry = null)
    {
        registry ??= PluginRegistry.BuiltIn;
        var settings = context.Settings;
        Validate(settings, registry);
        return new(
            settings.SchedulerName,
            [
                .. from entry in registry
                where IsEnabled(entry, settings)
                from part in entry.Parts
                select (part(context), WeightOf(entry, settings)),
            ]
        );
    }

    private static void Validate(ProfileSettings settings, IReadOnlyList<PluginEntry> registry)
    {
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
    }

    private static bool IsEnabled(PluginEntry entry, ProfileSettings settings) =>
        settings.Enabled.Contains(entry.Name)
        || (entry.OnByDefault && !settings.Disabled.Contains(entry.Name) && !settings.Disabled.Contains("*"));

    private static int WeightOf(PluginEntry entry, ProfileSettings settings) =>
        settings.DisabledScores.Contains(entry.Name) ? 0 : settings.Weights.GetValueOrDefault(entry.Name, entry.Weight);
}

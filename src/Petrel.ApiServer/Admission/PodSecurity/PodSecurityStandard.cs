using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.PodSecurity;

/// <summary>A violation: what a pod does that its level forbids.</summary>
/// <param name="Reason">In few words, for many pods at once.</param>
/// <param name="Detail">Which containers and values.</param>
internal sealed record Violation(string Reason, string Detail)
{
    public override string ToString() => Detail.Length == 0 ? Reason : $"{Reason} ({Detail})";
}

/// <summary>
/// One control of a level: its checks by the release that introduced them, and the controls of the level below that it replaces.
/// </summary>
/// <param name="Id">Upstream's name; controls are reported in its order.</param>
/// <param name="Level">The level that has it. Restricted has those of baseline, too.</param>
/// <param name="Versions">What it asks from a minor release on, in order.</param>
/// <param name="Replaces">A control of baseline that says less, once this one applies.</param>
internal sealed record SecurityCheck(
    string Id,
    SecurityLevel Level,
    IReadOnlyList<(int Since, Func<PodView, Violation?> Check)> Versions,
    string? Replaces = null
)
{
    public Func<PodView, Violation?>? At(StandardVersion version) => Versions.LastOrDefault(v => v.Since <= version.Minor).Check;
}

/// <summary>
/// The Pod Security Standards: what pods may do at each level, as of each release (documentation: "Pod Security Standards").
/// </summary>
internal static class PodSecurityStandard
{
    private static readonly SecurityCheck[] Baseline = [.. BaselineChecks.All.OrderBy(c => c.Id, StringComparer.Ordinal)];
    private static readonly SecurityCheck[] Restricted = [.. RestrictedChecks.All.OrderBy(c => c.Id, StringComparer.Ordinal)];

    /// <summary>All violations of the level, in upstream's order: those of baseline first.</summary>
    public static IReadOnlyList<Violation> Check(SecurityLevel level, StandardVersion version, JsonObject? podMetadata, JsonObject? podSpec)
    {
        if (level == SecurityLevel.Privileged)
        {
            return [];
        }
        var pod = new PodView(podMetadata, podSpec);
        var violations = new List<Violation>();
        foreach (var check in Applying(level, version))
        {
            if (check(pod) is { } violation)
            {
                violations.Add(violation);
            }
        }
        return violations;
    }

    public static IReadOnlyList<Violation> Check(LevelVersion level, JsonObject? podMetadata, JsonObject? podSpec) =>
        Check(level.Level, level.Version, podMetadata, podSpec);

    private static IEnumerable<Func<PodView, Violation?>> Applying(SecurityLevel level, StandardVersion version)
    {
        var restricted = level == SecurityLevel.Restricted ? Restricted.Where(c => c.At(version) is not null).ToArray() : [];
        return Baseline
            .Where(c => !restricted.Any(r => r.Replaces == c.Id))
            .Concat(restricted)
            .Select(c => c.At(version))
            .OfType<Func<PodView, Violation?>>();
    }
}

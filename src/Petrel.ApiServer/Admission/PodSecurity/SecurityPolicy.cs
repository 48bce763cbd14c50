using Petrel.ApiServer.Kinds;

namespace Petrel.ApiServer.Admission.PodSecurity;

/// <summary>The policy of a namespace, by its labels <c>pod-security.kubernetes.io/MODE</c> and <c>MODE-version</c>.</summary>
/// <param name="Enforce">Pods beyond this are refused.</param>
/// <param name="Audit">Pods beyond this are noted.</param>
/// <param name="Warn">Clients that write pods beyond this level get a warning.</param>
internal readonly record struct SecurityPolicy(LevelVersion Enforce, LevelVersion Audit, LevelVersion Warn)
{
    public const string LabelPrefix = "pod-security.kubernetes.io/";

    private static readonly LevelVersion Anything = new(SecurityLevel.Privileged, StandardVersion.Latest);

    /// <summary>The policy without labels: privileged.</summary>
    public static SecurityPolicy Default { get; } = new(Anything, Anything, Anything);

    /// <summary>Whether all modes are privileged.</summary>
    public bool IsPrivileged => Enforce.Level == SecurityLevel.Privileged && AsksNothingOfWorkloads;

    /// <summary>Whether workloads need no check: neither audit nor warn forbids anything.</summary>
    public bool AsksNothingOfWorkloads => Audit.Level == SecurityLevel.Privileged && Warn.Level == SecurityLevel.Privileged;

    /// <summary>
    /// Reads labels. What cannot be read is reported in <paramref name="errors"/>, and counts as the strictest level for enforcement and
    /// as nothing for the other modes; an unreadable version is the latest.
    /// </summary>
    public static SecurityPolicy Read(IReadOnlyDictionary<string, string> labels, FieldErrors errors)
    {
        var enforce = Mode(labels, "enforce", SecurityLevel.Restricted, errors, out var enforceSaid, out _);
        var audit = Mode(labels, "audit", SecurityLevel.Privileged, errors, out _, out _);
        var warn = Mode(labels, "warn", SecurityLevel.Privileged, errors, out var warnSaid, out var warnVersionSaid);
        // Without a warn label, workloads are warned at the enforced level: their pods would be refused later.
        if (!warnSaid && enforceSaid && !errors.All.Any(e => e.Field == Field("enforce")) && enforce.Level > warn.Level)
        {
            warn = new(enforce.Level, warnVersionSaid ? warn.Version : enforce.Version);
        }
        return new(enforce, audit, warn);
    }

    private static LevelVersion Mode(
        IReadOnlyDictionary<string, string> labels,
        string mode,
        SecurityLevel unreadable,
        FieldErrors errors,
        out bool levelSaid,
        out bool versionSaid
    )
    {
        var (level, version) = (SecurityLevel.Privileged, StandardVersion.Latest);
        levelSaid = labels.TryGetValue(LabelPrefix + mode, out var levelText);
        if (levelSaid && !LevelVersion.TryParseLevel(levelText!, out level))
        {
            level = unreadable;
            errors.Invalid(Field(mode), levelText, "must be one of privileged, baseline, restricted");
        }
        versionSaid = labels.TryGetValue($"{LabelPrefix}{mode}-version", out var versionText);
        if (versionSaid && !StandardVersion.TryParse(versionText!, out version))
        {
            errors.Invalid(Field(mode + "-version"), versionText, "must be \"latest\" or \"v1.x\"");
        }
        return new(level, version);
    }

    private static string Field(string name) => $"metadata.labels[{LabelPrefix}{name}]";
}

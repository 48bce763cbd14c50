using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Petrel.ApiServer.Admission.PodSecurity;

/// <summary>The levels of the Pod Security Standards, from the least to the most restrictive.</summary>
internal enum SecurityLevel
{
    Privileged,
    Baseline,
    Restricted,
}

/// <summary>The Kubernetes release whose rules apply: <c>latest</c> or <c>v1.X</c>.</summary>
/// <param name="Minor">The X; <see cref="int.MaxValue"/> for the latest.</param>
internal readonly record struct StandardVersion(int Minor)
{
    public static StandardVersion Latest { get; } = new(int.MaxValue);

    public static bool TryParse(string text, out StandardVersion version)
    {
        version = Latest;
        if (text == "latest")
        {
            return true;
        }
        var digits = text.StartsWith("v1.", StringComparison.Ordinal) ? text[3..] : "";
        if (
            digits.Length == 0
            || (digits.Length > 1 && digits[0] == '0')
            || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var minor)
        )
        {
            return false;
        }
        version = new(minor);
        return true;
    }

    public override string ToString() => this == Latest ? "latest" : string.Create(CultureInfo.InvariantCulture, $"v1.{Minor}");
}

/// <summary>A level as of a release, written <c>restricted:latest</c>.</summary>
internal readonly record struct LevelVersion(SecurityLevel Level, StandardVersion Version)
{
    public static bool TryParseLevel(string text, out SecurityLevel level)
    {
        SecurityLevel? named = text switch
        {
            "privileged" => SecurityLevel.Privileged,
            "baseline" => SecurityLevel.Baseline,
            "restricted" => SecurityLevel.Restricted,
            _ => null,
        };
        level = named ?? SecurityLevel.Restricted;
        return named is not null;
    }

    [SuppressMessage("Globalization", "CA1308", Justification = "Labels and messages write levels in lower case.")]
    public override string ToString() => $"{Level.ToString().ToLowerInvariant()}:{Version}";
}

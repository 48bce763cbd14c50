using System.Globalization;

namespace Petrel.ApiServer.Kinds;

/// <summary>
/// The order of versions by preference (upstream: apimachinery version.CompareKubeAwareVersionStrings): stable before beta before alpha,
/// higher numbers first, and other names last in their order.
/// </summary>
public sealed class VersionOrder : IComparer<string>
{
    private VersionOrder() { }

    public static VersionOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        var (left, right) = (Read(x ?? ""), Read(y ?? ""));
        var order = right.Stability.CompareTo(left.Stability);
        order = order != 0 ? order : right.Major.CompareTo(left.Major);
        order = order != 0 ? order : right.Minor.CompareTo(left.Minor);
        return order != 0 ? order : string.CompareOrdinal(x, y);
    }

    // v2beta3 is (1, 2, 3); v1 is (2, 1, 0); anything else (-1, 0, 0).
    private static (int Stability, int Major, int Minor) Read(string version)
    {
        var other = (-1, 0, 0);
        if (version.Length < 2 || version[0] != 'v')
        {
            return other;
        }
        var rest = version.AsSpan(1);
        var digits = rest.IndexOfAnyExceptInRange('0', '9');
        var number = digits < 0 ? rest : rest[..digits];
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var major) || number[0] == '0')
        {
            return other;
        }
        if (digits < 0)
        {
            return (2, major, 0);
        }
        rest = rest[digits..];
        var stability =
            rest.StartsWith("beta") ? 1
            : rest.StartsWith("alpha") ? 0
            : -1;
        var tail =
            stability == 1 ? rest[4..]
            : stability == 0 ? rest[5..]
            : rest;
        return stability >= 0 && int.TryParse(tail, NumberStyles.None, CultureInfo.InvariantCulture, out var minor) && tail[0] != '0'
            ? (stability, major, minor)
            : other;
    }
}

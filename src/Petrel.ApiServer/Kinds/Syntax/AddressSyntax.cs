using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Petrel.ApiServer.Kinds.Syntax;

/// <summary>
/// What addresses and ranges of addresses may be, with upstream's explanations (apimachinery util/validation, net). Old fields take what Go
/// once took: octets with leading zeros, and ranges with bits beyond their prefix. Newer fields want the canonical form.
/// </summary>
internal static class AddressSyntax
{
    private const string AddressRule = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    private const string RangeRule = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

    /// <summary>The address in either form, or null. Neither a zone nor brackets nor fewer than four octets are taken.</summary>
    public static IPAddress? Parse(string text)
    {
        if (text.Contains(':', StringComparison.Ordinal))
        {
            return text.All(c => char.IsAsciiHexDigit(c) || c is ':' or '.') && IPAddress.TryParse(text, out var six) ? six : null;
        }
        var octets = text.Split('.');
        var bytes = new byte[4];
        if (octets.Length != 4)
        {
            return null;
        }
        for (var i = 0; i < 4; i++)
        {
            if (!byte.TryParse(octets[i], NumberStyles.None, CultureInfo.InvariantCulture, out bytes[i]))
            {
                return null;
            }
        }
        return new IPAddress(bytes);
    }

    /// <summary>The range in either form, with the bits beyond its prefix cleared, or null.</summary>
    public static IPNetwork? ParseRange(string text)
    {
        if (
            text.Split('/') is not [var start, var length]
            || Parse(start) is not { } address
            || !byte.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var bits)
            || bits > (address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)
        )
        {
            return null;
        }
        var bytes = address.GetAddressBytes();
        for (var bit = (int)bits; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }
        return new IPNetwork(new IPAddress(bytes), bits);
    }

    /// <summary>What is wrong with an address in an old field, or null.</summary>
    public static string? LegacyProblem(string text) => Parse(text) is null ? AddressRule : null;

    /// <summary>What is wrong with an address in a newer field, or null.</summary>
    public static string? Problem(string text) =>
        Parse(text) switch
        {
            null => AddressRule,
            { IsIPv4MappedToIPv6: true } => "must not be an IPv4-mapped IPv6 address",
            var address when address.ToString() is var canonical && canonical != text => address.AddressFamily == AddressFamily.InterNetwork
                ? "must not have leading 0s"
                : $"must be in canonical form (\"{canonical}\")",
            _ => null,
        };

    /// <summary>What is wrong with a range in an old field, or null.</summary>
    public static string? LegacyRangeProblem(string text) => ParseRange(text) is null ? RangeRule : null;

    /// <summary>What is wrong with a range in a newer field, or null.</summary>
    public static string? RangeProblem(string text)
    {
        if (ParseRange(text) is not { } range)
        {
            return RangeRule;
        }
        var (start, length) = (
            Parse(text[..text.IndexOf('/', StringComparison.Ordinal)])!,
            text[(text.IndexOf('/', StringComparison.Ordinal) + 1)..]
        );
        if (start.IsIPv4MappedToIPv6)
        {
            return "must not have an IPv4-mapped IPv6 address";
        }
        if (start.AddressFamily == AddressFamily.InterNetwork && !text.StartsWith($"{start}/", StringComparison.Ordinal))
        {
            return "must not have leading 0s in IP";
        }
        if (length.Length > 1 && length[0] == '0')
        {
            return "must not have leading 0s in prefix length";
        }
        if (!range.BaseAddress.Equals(start))
        {
            return "must not have bits set beyond the prefix length";
        }
        return range.ToString() == text ? null : $"must be in canonical form (\"{range}\")";
    }

    /// <summary>Reports all reasons why an address cannot be an endpoint.</summary>
    public static IEnumerable<string> SpecialProblems(string text)
    {
        if (Parse(text) is not { } address)
        {
            yield return "must be a valid IP address";
            yield break;
        }
        var bytes = (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).GetAddressBytes();
        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        {
            yield return $"may not be unspecified ({text})";
        }
        if (IPAddress.IsLoopback(address))
        {
            yield return "may not be in the loopback range (127.0.0.0/8, ::1/128)";
        }
        if (address.IsIPv6LinkLocal || bytes is [169, 254, _, _])
        {
            yield return "may not be in the link-local range (169.254.0.0/16, fe80::/10)";
        }
        if (bytes is [224, 0, 0, _] || (bytes.Length == 16 && bytes[0] == 0xff && (bytes[1] & 0x0f) == 2))
        {
            yield return "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)";
        }
    }
}

using System.Net;
using System.Net.Sockets;

namespace Petrel.ApiServer.Kinds.Syntax;

/// <summary>Warns about addresses and ranges of old fields that are not in the standard form (upstream: GetWarningsForIP).</summary>
internal static class AddressWarnings
{
    private const string Later = "will be considered invalid in a future Kubernetes release";

    public static IEnumerable<string> Address(string path, string text)
    {
        if (AddressSyntax.Parse(text) is not { } address)
        {
            yield break;
        }
        if (address.IsIPv4MappedToIPv6)
        {
            yield return $"{path}: non-standard IP address \"{text}\" {Later}: use \"{address.MapToIPv4()}\"";
        }
        else if (address.ToString() is var canonical && canonical != text)
        {
            yield return address.AddressFamily == AddressFamily.InterNetwork
                ? $"{path}: non-standard IP address \"{text}\" {Later}: use \"{canonical}\""
                : $"{path}: IPv6 address \"{text}\" should be in RFC 5952 canonical format (\"{canonical}\")";
        }
    }

    public static IEnumerable<string> Range(string path, string text)
    {
        if (AddressSyntax.ParseRange(text) is not { } range)
        {
            yield break;
        }
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var (start, length) = (AddressSyntax.Parse(text[..slash])!, text[(slash + 1)..]);
        var ambiguous = !range.BaseAddress.Equals(start);
        if (ambiguous)
        {
            var single = $"{start}/{(start.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)}";
            yield return $"{path}: CIDR value \"{text}\" is ambiguous in this context (should be \"{range}\" or \"{single}\"?)";
        }
        var zeros = length.Length > 1 && length[0] == '0';
        if (zeros || start.IsIPv4MappedToIPv6 || (start.AddressFamily == AddressFamily.InterNetwork && start.ToString() != text[..slash]))
        {
            yield return $"{path}: non-standard CIDR value \"{text}\" {Later}: use \"{range}\"";
        }
        else if (!ambiguous && range.ToString() != text)
        {
            yield return $"{path}: IPv6 CIDR value \"{text}\" should be in RFC 5952 canonical format (\"{range}\")";
        }
    }
}

using System.Globalization;
using k8s.Models;

namespace Petrel.Agent.Probes;

/// <summary>The address that a probe or hook connects to, or why it has none.</summary>
/// <param name="Host">The host.</param>
/// <param name="Port">The port number.</param>
/// <param name="Uri">The URI of an httpGet handler; null for the others.</param>
/// <param name="Problem">Why there is no address; null when there is one.</param>
internal sealed record ProbeTarget(string Host, int Port, Uri? Uri, string? Problem)
{
    /// <summary>The target of an httpGet handler.</summary>
    public static ProbeTarget Of(V1HTTPGetAction http, V1Container container, string podAddress)
    {
        var target = Of(http.Host, http.Port, container, podAddress);
        if (target.Problem is not null)
        {
            return target;
        }
        var path = http.Path is { Length: > 0 } given ? given : "/";
        var host = target.Host.Contains(':', StringComparison.Ordinal) && target.Host[0] != '[' ? $"[{target.Host}]" : target.Host;
        var text =
            $"{(http.Scheme is { Length: > 0 } scheme ? scheme : "HTTP").ToLowerInvariant()}://{host}:{target.Port}"
            + (path[0] == '/' ? path : "/" + path);
        return Uri.TryCreate(text, UriKind.Absolute, out var uri)
            ? target with
            {
                Uri = uri,
            }
            : target with
            {
                Problem = $"parse \"{text}\": invalid URL",
            };
    }

    /// <summary>The target of a tcpSocket handler.</summary>
    public static ProbeTarget Of(V1TCPSocketAction tcp, V1Container container, string podAddress) =>
        Of(tcp.Host, tcp.Port, container, podAddress);

    private static ProbeTarget Of(string? host, IntOrString port, V1Container container, string podAddress)
    {
        var number = int.TryParse(port.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var given)
            ? given
            : container.Ports?.FirstOrDefault(p => p.Name == port.Value)?.ContainerPort;
        return new(
            string.IsNullOrEmpty(host) ? podAddress : host,
            number ?? 0,
            null,
            number is null ? $"couldn't find port: {port.Value} in container {container.Name}"
                : number is > 0 and < 65536 ? null
                : $"invalid port number: {number}"
        );
    }
}

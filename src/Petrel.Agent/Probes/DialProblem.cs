using System.Net;
using System.Net.Sockets;

namespace Petrel.Agent.Probes;

/// <summary>Why a connection failed, in the words of upstream's probes (those of Go's network package).</summary>
internal static class DialProblem
{
    /// <summary>The text for a failed connection to a host and port.</summary>
    public static string Of(SocketException e, string host, int port)
    {
        if (e.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain)
        {
            return $"dial tcp: lookup {host}: no such host";
        }
        var cause = e.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => "connection refused",
            SocketError.HostUnreachable => "no route to host",
            SocketError.HostDown => "host is down",
            SocketError.NetworkUnreachable => "network is unreachable",
            SocketError.ConnectionReset => "connection reset by peer",
            SocketError.TimedOut => "connection timed out",
            SocketError.AddressNotAvailable => "cannot assign requested address",
            _ => e.Message,
        };
        return $"dial tcp {EndPoint(host, port)}: connect: {cause}";
    }

    /// <summary>The text for a connection that was not made in time.</summary>
    public static string TimedOut(string host, int port) => $"dial tcp {EndPoint(host, port)}: i/o timeout";

    /// <summary>The text for a request that failed after or while connecting.</summary>
    public static string OfRequest(Exception e, string host, int port)
    {
        var error = (e as HttpRequestException)?.HttpRequestError;
        for (Exception? cause = e; cause is not null; cause = cause.InnerException)
        {
            if (
                cause is SocketException { SocketErrorCode: SocketError.ConnectionReset }
                && error is not (null or HttpRequestError.ConnectionError)
            )
            {
                return $"read tcp {EndPoint(host, port)}: read: connection reset by peer";
            }
            if (cause is SocketException socket)
            {
                return Of(socket, host, port);
            }
        }
        return error == HttpRequestError.ResponseEnded ? "EOF" : e.InnerException?.Message ?? e.Message;
    }

    private static string EndPoint(string host, int port) =>
        IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6
            ? $"[{host}]:{port}"
            : $"{host}:{port}";
}

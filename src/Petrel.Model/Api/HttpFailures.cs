using System.Net.Sockets;

namespace Petrel.Model.Api;

/// <summary>How <see cref="HttpClient"/> reports that a server can't be reached.</summary>
public static class HttpFailures
{
    /// <summary>
    /// Whether a request failed because of its connection. A bare <see cref="SocketException"/> is one too: HttpClient does not wrap the
    /// failure of a connection that the peer resets right after it accepted it.
    /// </summary>
    public static bool IsConnectionFailure(Exception failure) => failure is HttpRequestException or SocketException;
}

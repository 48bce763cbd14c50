namespace Petrel.Faults.Links;

/// <summary>The direction in which messages are blocked.</summary>
[Flags]
public enum LinkDirection
{
    None = 0,

    /// <summary>Requests don't reach the server.</summary>
    ToServer = 1,

    /// <summary>Responses and events don't reach the client.</summary>
    FromServer = 2,

    Both = ToServer | FromServer,
}

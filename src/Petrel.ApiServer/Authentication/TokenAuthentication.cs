using Petrel.Model.Api;

namespace Petrel.ApiServer.Authentication;

/// <summary>The result of authenticating a token.</summary>
/// <param name="User">Its user; null when it is not accepted.</param>
/// <param name="Audiences">Those of the asked-for audiences that it is for.</param>
/// <param name="Problem">Why a recognized token is refused; empty when no authenticator recognizes it.</param>
internal readonly record struct TokenAuthentication(UserInfo? User, IReadOnlyList<string> Audiences, string Problem = "")
{
    /// <summary>No authenticator recognizes the token.</summary>
    public static TokenAuthentication Unknown { get; } = new(null, []);

    public static TokenAuthentication Refused(string problem) => new(null, [], problem);

    /// <summary>Why the token is not accepted, in upstream's words.</summary>
    public string Message => Problem.Length == 0 ? "invalid bearer token" : $"[invalid bearer token, {Problem}]";
}

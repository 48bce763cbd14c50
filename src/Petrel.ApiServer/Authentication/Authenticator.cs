using Petrel.ApiServer.Errors;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Authentication;

/// <summary>Authenticates requests that the carrier did not, by their bearer token. Requests without one are anonymous.</summary>
internal sealed class Authenticator(ApiServerOptions options, BootstrapTokens bootstrap, ServiceAccountTokens? tokens)
{
    /// <summary>The request with its user, and without the credentials.</summary>
    /// <exception cref="StatusException">It shows a token that is not accepted.</exception>
    public async ValueTask<ApiRequest> AuthenticateAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        if (request.Authorization.Length == 0)
        {
            return request;
        }
        var token = BearerToken.Read(request.Authorization);
        var bare = request with { Authorization = "" };
        if (token.Length == 0 || !request.User.Groups.Contains(UserInfo.UnauthenticatedGroup))
        {
            return bare;
        }
        var verdict = await ReadAsync(token, options.ApiAudiences, cancellationToken);
        return verdict.User is { } user ? bare with { User = user } : throw StatusErrors.Unauthorized();
    }

    /// <summary>The user of a token, for one of these audiences.</summary>
    public async ValueTask<TokenAuthentication> ReadAsync(
        string token,
        IReadOnlyList<string> audiences,
        CancellationToken cancellationToken
    )
    {
        var verdict = await bootstrap.ReadAsync(token, audiences, cancellationToken);
        return verdict.User is null && tokens is { } accounts ? await accounts.ReadAsync(token, audiences, cancellationToken) : verdict;
    }
}

using Petrel.ApiServer.Errors;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Authentication;

/// <summary>Finds out whom a request comes from, when its carrier could not tell: by its bearer token, else it is anonymous.</summary>
internal sealed class Authenticator(ApiServerOptions options, BootstrapTokens bootstrap, ServiceAccountTokens? tokens)
{
    /// <summary>The request as the user that it comes from, without what proved that.</summary>
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

    /// <summary>Whom a token speaks for, towards any of these audiences.</summary>
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

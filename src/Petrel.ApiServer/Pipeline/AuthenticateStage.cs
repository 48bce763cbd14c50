using Petrel.ApiServer.Authentication;
using Petrel.ApiServer.Errors;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Pipeline;

/// <summary>Finds out which user sent the request. Anonymous requests are refused.</summary>
internal sealed class AuthenticateStage(Authenticator authenticator) : IRequestStage
{
    /// <inheritdoc/>
    public async ValueTask<ApiResponse?> EnterAsync(RequestContext context)
    {
        context.Request = await authenticator.AuthenticateAsync(context.Request, context.CancellationToken);
        if (context.Request.User.Groups.Contains(UserInfo.UnauthenticatedGroup))
        {
            throw StatusErrors.Unauthorized();
        }
        return context.Exchange?.Identify(context.Request.User);
    }
}

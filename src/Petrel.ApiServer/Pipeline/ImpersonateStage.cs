using Petrel.ApiServer.Authentication;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Pipeline;

/// <summary>Lets the request act as the user that it names, if its own user may.</summary>
internal sealed class ImpersonateStage(Impersonator impersonator) : IRequestStage
{
    /// <inheritdoc/>
    public async ValueTask<ApiResponse?> EnterAsync(RequestContext context)
    {
        context.Request = await impersonator.ImpersonateAsync(context.Request, context.CancellationToken);
        return null;
    }
}

using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Requests;

/// <summary>A request with the kind that its path names: what handlers get.</summary>
internal sealed record ResourceRequest(ApiRequest Http, RequestInfo Info, KindDefinition Kind)
{
    /// <summary>The object; its name is empty for collections.</summary>
    public ObjectKey Key { get; } = new(Kind.Namespaced ? Info.Namespace : "", Info.Name);

    /// <summary>The form of the response that the client asks for.</summary>
    public ResponseFormat Format => AcceptHeader.Read(Http.Accept, hasTable: Kind.Columns.Count > 0);

    /// <summary>The prefix of the paths of the collection's objects.</summary>
    public string PathPrefix => Key.Namespace.Length == 0 ? "" : Key.Namespace + "/";
}

using System.Text.Json.Nodes;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Authentication;

/// <summary>Users as the API shows them (authentication.k8s.io/v1 UserInfo).</summary>
internal static class UserDocuments
{
    public static JsonObject Of(UserInfo user)
    {
        var info = new JsonObject { ["username"] = user.Name };
        Fill(info, user);
        return info;
    }

    /// <summary>Writes everything but the name into an object, and removes members that the user does not have.</summary>
    public static void Fill(JsonObject target, UserInfo user)
    {
        target.Remove("uid");
        target.Remove("extra");
        if (user.Uid.Length > 0)
        {
            target["uid"] = user.Uid;
        }
        target["groups"] = Texts(user.Groups);
        if (user.Extra.Count > 0)
        {
            target["extra"] = new JsonObject(user.Extra.Select(e => KeyValuePair.Create(e.Key, (JsonNode?)Texts(e.Value))));
        }
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);
}

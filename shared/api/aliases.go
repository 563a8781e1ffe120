package api

import (
	"godwit/shared/fault"
	"godwit/shared/registry"
)

// alias reads the path's alias. In a path one of the wrong form is absent; in
// a request that would make it, it is invalid.
func (x *exchange) alias(makes bool) (registry.AliasName, error) {
	a, err := registry.ParseAlias(x.r.PathValue("alias"))
	if err != nil && !makes {
		return "", fault.New(fault.NotFound, "")
	}
	return a, err
}

// listAliases answers with all aliases at once: a model has few. An absent model
// is 404, not an empty list.
func listAliases(x *exchange) error {
	if _, err := x.Registry.Model(x.r.Context(), x.tenant(), x.ref.Model); err != nil {
		return err
	}
	aliases, err := x.aliases()
	if err != nil {
		return err
	}
	out := AliasList{Items: make([]Alias, len(aliases))}
	for i, a := range aliases {
		out.Items[i] = aliasOf(a)
	}
	return x.json(200, out)
}

// getAlias answers with one alias and its revision as the ETag; 304 when the
// caller holds that revision already.
func getAlias(x *exchange) error {
	name, err := x.alias(false)
	if err != nil {
		return err
	}
	a, err := x.Registry.Alias(x.r.Context(), x.tenant(), x.ref.Model, name)
	if err != nil {
		return err
	}
	x.etag(a.Rev)
	if x.unchanged(a.Rev) {
		return nil
	}
	return x.json(200, aliasOf(a))
}

// putAlias points an alias at a version under the caller's condition, which is
// what makes one of two simultaneous promotions lose (412).
func putAlias(x *exchange) error {
	ctx, t := x.r.Context(), x.tenant()
	rev, err := x.condition()
	if err != nil {
		return err
	}
	var in AliasTarget
	if _, err := x.read(&in); err != nil {
		return err
	}
	if in.Version < 1 || in.Version > registry.MaxVersion {
		return invalid("/version", "the number of an existing version, from 1")
	}
	// An absent model is absent, whatever the alias is called.
	if _, err := x.Registry.Model(ctx, t, x.ref.Model); err != nil {
		return err
	}
	name, err := x.alias(true)
	if err != nil {
		return err
	}
	a, err := x.Registry.SetAlias(ctx, t, x.ref.Model, name, in.Version, rev, x.caller.KeyID)
	if err != nil {
		return err
	}
	x.etag(a.Rev)
	return x.json(200, aliasOf(a))
}

// deleteAlias removes an alias under the caller's condition. Its history and its
// revision count stay, so an old ETag never matches a later alias of that name.
func deleteAlias(x *exchange) error {
	rev, err := x.condition()
	if err != nil {
		return err
	}
	name, err := x.alias(false)
	if err != nil {
		return err
	}
	if err := x.Registry.DeleteAlias(x.r.Context(), x.tenant(), x.ref.Model, name, rev, x.caller.KeyID); err != nil {
		return err
	}
	return x.send(204, nil)
}

// rollbackAlias points an alias back to the version before, or to the one the
// body names, under the caller's condition or, without one, under the revision
// it has now: of two rollbacks at once one is made.
func rollbackAlias(x *exchange) error {
	rev, err := x.conditionIfAny()
	if err != nil {
		return err
	}
	name, err := x.alias(false)
	if err != nil {
		return err
	}
	var in Rollback
	if x.r.ContentLength != 0 {
		if _, err := x.read(&in); err != nil {
			return err
		}
	}
	if in.To != nil && (*in.To < 1 || *in.To > registry.MaxVersion) {
		return invalid("/to", "the number of an existing version, from 1; leave it out for the one before")
	}
	to := 0
	if in.To != nil {
		to = *in.To
	}
	a, err := x.Registry.RollbackAlias(x.r.Context(), x.tenant(), x.ref.Model, name, to, rev, x.caller.KeyID)
	if err != nil {
		return err
	}
	x.etag(a.Rev)
	return x.json(200, aliasOf(a))
}

// aliasHistory lists the changes of an alias, newest first, also after it was
// removed.
func aliasHistory(x *exchange) error {
	ctx, t := x.r.Context(), x.tenant()
	name, err := x.alias(false)
	if err != nil {
		return err
	}
	p, err := x.page()
	if err != nil {
		return err
	}
	page, err := x.Registry.AliasHistory(ctx, t, x.ref.Model, name, p)
	if err != nil {
		return err
	}
	// A removed alias keeps its history; one that never was has none.
	if len(page.Items) == 0 && p.After == "" {
		return fault.New(fault.NotFound, "")
	}
	return list(x, page, func(c registry.AliasChange) AliasChange {
		return AliasChange{Alias: string(c.Alias), Revision: c.Revision, From: c.From, To: c.To, At: c.At, By: c.By, Rollback: c.Rollback}
	})
}

// aliasOf is the wire form of an alias; the tenant is not part of it.
func aliasOf(a registry.Alias) Alias {
	return Alias{
		Model: string(a.Model), Alias: string(a.Name), Version: a.Version, Revision: a.Rev,
		UpdatedAt: a.UpdatedAt, UpdatedBy: a.UpdatedBy,
	}
}

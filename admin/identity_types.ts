/** Where somebody is signed in. */
export interface SignedIn {
  id: string;
  create_time: string;
  last_used_time: string;
  ip: string | null;
  user_agent: string | null;
  current: boolean;
}

export interface Invitation {
  id: string;
  email: string;
  role: "support" | "manager";
  create_time: string;
  expire_time: string;
  send_time: string | null;
}

/** An invitation as who has its link sees it. */
export interface InvitationOffer {
  email: string;
  store: { id: string; name: string };
  role: "support" | "manager";
  has_account: boolean;
}
